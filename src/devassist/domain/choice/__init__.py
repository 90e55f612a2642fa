"""Which model an agent gets, and what models in the cloud do not see."""
