"""Text as tools read and change it: lines, replacements and patches, all of it pure."""
