/**
 * Return the look of a chart's tooltip, in the colours of the theme.
 * @param {import("./chart-options.js").Theme} theme
 * @param {import("./chart-options.js").ChartFont} font
 */
export const tooltipLook = (theme, font) => ({
  animation: /** @type {const} */ (false),
  displayColors: false,
  backgroundColor: theme.text,
  titleColor: theme.panel,
  bodyColor: theme.panel,
  titleFont: { ...font, weight: "600" },
  bodyFont: font,
  caretPadding: 8,
});
