"""What a run directory holds, and what of it an export takes along."""
