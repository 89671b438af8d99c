consent-title = Zugriff auf Ihr Konto erlauben?
consent-heading = { $client } möchte Ihr Konto verwenden
consent-scopes = Die Anwendung darf dann
consent-resources = Bei diesen Diensten
consent-native = { $client } läuft auf einem Gerät, auf dem sich andere Programme dafür ausgeben könnten. Fahren Sie nur fort, wenn Sie die Anwendung gerade selbst gestartet haben.
consent-later = Sie können das jederzeit auf { $page } zurücknehmen.
consent-account = Ihrer Kontoseite
