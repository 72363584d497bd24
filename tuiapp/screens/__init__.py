"""One module per view, beside its stylesheet. Views are loaded when first shown."""
