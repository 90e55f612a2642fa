"""How a conflict is settled hunk by hunk, and what a resolution must not lose."""
