"""Many answers to one problem: who handed in what, what each is worth, a mark sheet, and what to teach again."""
