"""Pages of annotators (work, the workbench) and of leads and adjudicators (rounds, items)."""
