"""One module a view, beside its stylesheet. Views are loaded when first shown."""
