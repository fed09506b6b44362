// Runs before the first paint so that a chosen theme never flashes.
(function () {
  var theme = new URLSearchParams(location.search).get('theme')
  if (!theme) {
    try {
      theme = localStorage.getItem('flowscope.theme')
    } catch (e) {
      // Storage is refused in some private windows: follow the system.
    }
  }
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme
})()
