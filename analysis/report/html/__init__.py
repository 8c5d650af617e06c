"""Reports as one self-contained HTML file: parts, and the page that joins them."""
