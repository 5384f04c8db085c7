"""The solution of a lab: what it gives, and what it gives with any of the mistakes that students make."""
