using CtfService.Api.Models;
using CtfService.Core.Models;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.Model.Bundles;
using CtfService.TestSupport;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Models;

/// <summary>Loading is retried while the storage is not available, but not for a damaged bundle. Uses the real search and the real reader.</summary>
public sealed class LateStorageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Bundle => _folder.File("mount");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_MountIsLate_LoadsAtTheNextAttempt()
    {
        var (status, attempts) = await Start(attempt =>
        {
            if (attempt == 3)
            {
                Directory.CreateSymbolicLink(Bundle, RepositoryFolder.File("models", "fruits-64"));
            }
        });

        Assert.IsType<ModelStatus.Ready>(status);
        Assert.Equal(3, attempts);
    }

    [Fact]
    public async Task Start_WeightsAreLate_LoadsAtTheNextAttempt()
    {
        CopyBundle();
        File.Move(Path.Combine(Bundle, BundleFiles.Coarse), _folder.File("coarse"));

        var (status, attempts) = await Start(attempt =>
        {
            if (attempt == 2)
            {
                File.Move(_folder.File("coarse"), Path.Combine(Bundle, BundleFiles.Coarse));
            }
        });

        Assert.IsType<ModelStatus.Ready>(status);
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task Start_NoMount_FailsAfterAllAttemptsAndNamesTheFolders()
    {
        var (status, attempts) = await Start(_ => { });

        Assert.Contains($"Looked in {Bundle}", Assert.IsType<ModelStatus.Failed>(status).Reason, StringComparison.Ordinal);
        Assert.Equal(4, attempts);
    }

    [Fact]
    public async Task Start_BundleIsDamaged_FailsAtOnce()
    {
        CopyBundle();
        File.WriteAllText(Path.Combine(Bundle, BundleFiles.Coarse), "cut");

        var (status, attempts) = await Start(_ => { });

        Assert.IsType<ModelStatus.Failed>(status);
        Assert.Equal(1, attempts);
    }

    /// <param name="beforeAttempt">Changes the storage before an attempt; attempts are counted from 1.</param>
    private async Task<(ModelStatus Status, int Attempts)> Start(Action<int> beforeAttempt)
    {
        var device = new ServingDevice("cpu", "cpu", Copies: 1);
        var search = new BundleSearch(Bundle, new SearchRoots([_folder.Root]), device, (folder, _, _) => new CheckedBundle(folder));
        var factory = new LateFactory(search, beforeAttempt);
        await using var api = new TestApi { Settings = { ["Inference:LoadRetries"] = "3", ["Inference:LoadRetryDelay"] = "00:00:00" } };
        await using var host = api.WithWebHostBuilder(builder =>
            builder.ConfigureTestServices(services => services.AddSingleton(new ModelOrigin(Bundle, factory))));
        var status = host.Services.GetRequiredService<IModelStatus>();
        await status.LoadingEnded;
        return (status.Current, factory.Attempts);
    }

    private void CopyBundle()
    {
        Directory.CreateDirectory(Bundle);
        foreach (var file in Directory.GetFiles(RepositoryFolder.File("models", "fruits-64")))
        {
            File.Copy(file, Path.Combine(Bundle, Path.GetFileName(file)));
        }
    }

    private sealed class LateFactory(IImageGeneratorFactory storage, Action<int> beforeAttempt) : IImageGeneratorFactory
    {
        public int Attempts { get; private set; }

        public IImageGenerator Load(CancellationToken cancellation)
        {
            beforeAttempt(++Attempts);
            return storage.Load(cancellation);
        }
    }

    /// <summary>Reads and checks the bundle like the real loader, then returns a fake generator.</summary>
    private sealed class CheckedBundle(string folder) : IImageGeneratorFactory
    {
        public IImageGenerator Load(CancellationToken cancellation)
        {
            BundleReader.Open(folder, cancellation);
            return new FakeImageGenerator(FakeModels.Fruits);
        }
    }
}
