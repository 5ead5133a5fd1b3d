// Comfort only: every page works without this file.
"use strict";

// A form is sent once; the server would give a second copy the same answer anyway.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});

// Back from another page: the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// A filter takes effect as soon as it is chosen.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && form.classList.contains("filters") && event.target.tagName === "SELECT") form.submit();
});

// What went wrong is where the reader starts.
document.querySelector(".problem a, [aria-invalid]")?.focus();
