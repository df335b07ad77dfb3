"""Exchange connectivity for people who trade with their own money."""
