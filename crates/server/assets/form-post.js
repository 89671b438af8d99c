// Submits the one form of the page. The prototype's method, because a field named "submit" would hide the form's own.
(function () {
  "use strict";
  var form = document.forms[0];
  if (form) HTMLFormElement.prototype.submit.call(form);
})();
