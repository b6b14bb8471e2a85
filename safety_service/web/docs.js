/* The API's own description, drawn without leaving this machine. */
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  // Of many operations only those in sight are drawn, so the browser's own search does not find the others.
  filter: true,
  validatorUrl: null,
  persistAuthorization: false,
  tryItOutEnabled: true,
});
