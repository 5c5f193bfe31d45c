"""What people and scripts see: the only place that knows rich. Functions return what is shown."""
