"""What the four notebooks call first and last: open a contest as a report, and save what it says."""
