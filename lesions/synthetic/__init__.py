"""Drawing an invented cohort of patients, and rendering dermoscopy-like images of their lesions."""
