using CtfService.EndToEnd.Tests.Clients;
using CtfService.TestSupport;
using Microsoft.Playwright;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The Chromium that the tests of a class share; each test has a context of its own, with empty storage.</summary>
public sealed class StudioBrowser : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (Chromium.Path is null && !InstalledProgram.IsRequired)
        {
            return; // the tests are skipped
        }

        Assert.True(Chromium.Path is not null, Chromium.Missing);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Path });
    }

    public async Task DisposeAsync()
    {
        await (_browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        _playwright?.Dispose();
    }

    /// <summary>Opens a tab whose modules can be called without the rest of the page, which would draw thumbnails.</summary>
    public Task<StudioPage> OpenModulesAsync(WatchedService service) => OpenAsync(service, key: null, path: "/studio/element.js");

    /// <summary>Opens the page.</summary>
    /// <param name="key">The API key that the tab has; null for none.</param>
    /// <param name="init">A script that runs in every document before its own ones.</param>
    /// <param name="path">What to open: the page, or a file of it.</param>
    public async Task<StudioPage> OpenAsync(
        WatchedService service, Screen? screen = null, string? key = GuardedService.Key, string init = "", string path = "/")
    {
        screen ??= Screen.Desktop;
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = service.Client.BaseAddress!.ToString(),
            ViewportSize = new ViewportSize { Width = screen.Width, Height = screen.Height },
            ColorScheme = screen.IsDark ? ColorScheme.Dark : ColorScheme.Light,
            HasTouch = screen.IsPhone,
            IsMobile = screen.IsPhone,
            ReducedMotion = ReducedMotion.Reduce,
        });
        var giveKey = key is null ? "" : $"sessionStorage.getItem('ctf-key') ?? sessionStorage.setItem('ctf-key', '{key}')";
        return await StudioPage.OpenAsync(context, path, init, giveKey);
    }
}

/// <summary>What the page is seen on.</summary>
public sealed record Screen(int Width, int Height, bool IsPhone = false, bool IsDark = false)
{
    public static Screen Desktop { get; } = new(1280, 900);

    public static Screen Phone { get; } = new(390, 844, IsPhone: true);
}
