"""What an operation leaves behind: journal, questions and answers, reports."""
