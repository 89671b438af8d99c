form-post-title = Einen Augenblick
form-post-lead = Wir bringen Sie zurück zu { $host }.
form-post-lead-plain = Wir bringen Sie zurück zur Anwendung.
form-post-hint = Wenn nichts geschieht, klicken Sie auf die Schaltfläche.
