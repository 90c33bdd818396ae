"""Usage in: one adapter for each source. An adapter turns bytes into facts and touches neither database nor clock."""
