account-title = Your account
account-sessions = Where you are signed in
account-sessions-lead = If you do not recognise one of these, end it.
account-session = Browser session
account-session-current = This browser
account-session-started = Signed in on
account-session-seen = Last active on
account-session-end = End session

account-consents = Applications with access
account-consents-lead = These applications can use your account as listed here.
account-consents-none = No application has access to your account yet.
account-consent-since = Allowed on
account-consent-scopes = It can
account-consent-revoke = Remove access

account-notice-session = The session has been ended.
account-notice-consent = The access has been removed.
