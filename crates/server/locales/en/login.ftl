login-title = Sign in
login-lead = to continue to { $client }
login-lead-account = to manage your account
login-username = Username
login-password = Password
login-submit = Sign in

login-error-credentials = The username or the password is not right. Check both and try again.
login-error-attempts = There were too many attempts to sign in.
login-error-expired = This page was open for too long. Please sign in again.
login-error-busy = Many people are signing in right now. Please try again in a moment.
login-error-not-allowed = This account is not allowed to use this application. Sign in with another account, or ask your administrator for access.
login-error-another-person = The application expects another person. Sign in with that person's account, or go back to the application.

select-title = Choose an account
select-continue = Continue as { $person }
select-switch = Use another account
