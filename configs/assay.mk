# -- assay: written by `assay init`, yours to change
.PHONY: impact gate weaknesses

impact: ## tests that the change affects, and whether they guard it
	assay impact

gate: ## refuse a change that the tests do not guard
	assay gate

weaknesses: ## weak tests
	assay weaknesses
