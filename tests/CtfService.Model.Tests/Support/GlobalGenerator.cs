namespace CtfService.Model.Tests.Support;

/// <summary>Tests that compare what libtorch's one global generator draws; they run while no other test draws from it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GlobalGenerator
{
    public const string Name = "Global generator";
}
