"""The database of Stipend: engines, sealing, tables and every query. It never imports the bot."""
