device-title = Connect a device
device-lead = Enter the code that your device shows.
device-code = Code
device-hint = Eight letters. Capitals and the hyphen do not matter.

device-error-unknown = No device is waiting with this code. Compare it with your device and try again.
device-error-attempts = There were too many attempts.
device-error-expired = This code has expired. Start again on your device to get a new one.

device-confirm-title = Connect this device?
device-confirm-lead = { $client } would like to use your account.
device-confirm-code = Your device must show this code
device-confirm-warning = Continue only if you have the device in front of you and started this yourself. If someone sent you this code, choose “Deny”.

device-allowed-title = Your device is connected
device-allowed-lead = You can go back to it and close this window.
device-denied-title = Your device was not connected
device-denied-lead = Nothing was shared with it. You can close this window.
