using CtfService.Model.TestSupport;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>A service with a model of 1,000 classes and random weights, as many classes as ImageNet has.</summary>
public sealed class ManyClassesService : WatchedService
{
    public const int ClassCount = 1_000;

    private readonly TinyBundle _bundle;

    public ManyClassesService()
        : this(new TinyBundle(classes: ClassCount))
    {
    }

    private ManyClassesService(TinyBundle bundle)
        : base(bundle.Directory) => _bundle = bundle;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _bundle.Dispose();
    }
}

/// <summary>Tests that count its requests do not run beside others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ManyClassesCollection : ICollectionFixture<ManyClassesService>
{
    public const string Name = "many classes";
}
