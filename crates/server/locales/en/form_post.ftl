form-post-title = One moment
form-post-lead = We are taking you back to { $host }.
form-post-lead-plain = We are taking you back to the application.
form-post-hint = If nothing happens, press the button.
