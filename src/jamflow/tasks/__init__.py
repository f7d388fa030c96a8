"""What can be asked for: the table of tasks, and what each task is given and makes."""
