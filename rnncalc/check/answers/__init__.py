"""What somebody claims: names, shapes and numbers of answers, and where each number is computed."""
