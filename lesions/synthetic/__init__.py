"""Draw an invented cohort of patients, and render dermoscopy-like images of their lesions."""
