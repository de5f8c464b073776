using System.Collections.Concurrent;
using System.Text.Json;
using CtfService.Api.Models;
using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>
/// The service on a real socket, with real models that an operator switches. Its tests do not run in parallel, because they load and unload models.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SwitchedService : WebApplicationFactory<Program>, ICollectionFixture<SwitchedService>, IAsyncLifetime
{
    public const string Name = "switching";

    private readonly TwoBundles _bundles = new();
    private readonly ConcurrentQueue<Task<long>> _ends = new(); // not the generators themselves, which must become collectable

    public HttpClient Client { get; private set; } = null!;

    /// <summary>Completes when every model except the current one is unloaded, with the number of tensors that each left behind.</summary>
    public Task<long[]> Drained => Task.WhenAll(_ends.SkipLast(1));

    public string Folder(string bundle) => _bundles.Folder(bundle);

    public async Task InitializeAsync()
    {
        UseKestrel(port: 0);
        Client = CreateClient();
        await Services.GetRequiredService<IModelStatus>().LoadingEnded;
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    /// <summary>Switches the model as an operator does and returns the response body.</summary>
    public Task<JsonElement> SwitchTo(string bundle) => OperatorKey.SwitchTo(Client, bundle);

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Model:Bundle", _bundles.Folder(TwoBundles.Shipped));
        foreach (var (key, value) in OperatorKey.Settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureTestServices(services =>
            services.AddSingleton<BundleOpener>((folder, _, alongsideAnother) => new WatchedFactory(this, folder, alongsideAnother)));
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _bundles.Dispose();
        }
    }

    private sealed class WatchedFactory(SwitchedService service, string folder, bool alongsideAnother) : IImageGeneratorFactory
    {
        public IImageGenerator Load(CancellationToken cancellation)
        {
            var factory = new CtfImageGeneratorFactory(folder, () => ModelPlacement.Parse("cpu", FixedElementType.Name))
            {
                AlongsideAnother = alongsideAnother,
            };
            var generator = new WatchedGenerator(factory.Load(cancellation));
            service._ends.Enqueue(generator.Ended);
            return generator;
        }
    }
}
