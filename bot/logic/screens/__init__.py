"""What people see: one file for each subject, each function from facts and a language to a screen. Pure."""
