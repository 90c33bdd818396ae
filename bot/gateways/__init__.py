"""Budgets out: what makes an approved top-up real at a proxy or a vendor, one adapter each."""
