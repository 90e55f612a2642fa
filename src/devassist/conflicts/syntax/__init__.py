"""What a file defines and uses, per language, read with tree-sitter."""
