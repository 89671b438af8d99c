logout-title = Abmelden?
logout-lead = Sie werden in diesem Browser abgemeldet.
logout-lead-client = { $client } möchte Sie in diesem Browser abmelden.
logout-stay = Angemeldet bleiben

logged-out-title = Sie sind abgemeldet
logged-out-lead = Sie können dieses Fenster schließen.
logged-out-note = In Anwendungen, die Sie benutzt haben, bleiben Sie möglicherweise angemeldet, bis Sie sich auch dort abmelden.
