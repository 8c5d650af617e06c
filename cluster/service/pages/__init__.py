"""The pages: rendered here, with the templates and assets of reports and their own."""
