account-title = Your account
account-sessions = Where you are signed in
account-sessions-lead = If you do not recognise one of these, end it. If you have lost a device, sign out everywhere: applications are told to sign you out as well.
account-session = Browser session
account-session-current = This browser
account-session-started = Signed in on
account-session-seen = Last active on
account-session-end = End session
account-sessions-more = Only the 100 newest are listed.
account-others-end = End all other sessions
account-everywhere-end = Sign out everywhere

account-consents = Applications with access
account-consents-lead = These applications can use your account as listed here.
account-consents-none = No application has access to your account yet.
account-consent-since = Allowed on
account-consent-scopes = It can
account-consent-revoke = Remove access
account-consents-more = Only the first 500 are listed.

account-notice-session = The session has been ended.
account-notice-sessions = All other sessions have been ended.
account-notice-consent = The access has been removed.
