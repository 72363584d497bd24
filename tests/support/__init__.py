"""What tests share: made-up libraries, models and histories, and how the app is driven."""
