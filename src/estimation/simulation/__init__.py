"""Made-up elections built on published facts: populations, their evenings, and what goes wrong in them."""
