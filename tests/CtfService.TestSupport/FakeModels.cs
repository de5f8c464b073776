using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.TestSupport;

/// <summary>Descriptions of models that do not exist: 8x8 pixels, a 2x2 token grid.</summary>
public static class FakeModels
{
    /// <summary>Class ids 0 to 4: apple, banana, red apple, pineapple, Cherry.</summary>
    public static ModelDescription Fruits { get; } = new()
    {
        Name = "fruits-fake",
        Classes = new ClassCatalog(["apple", "banana", "red apple", "pineapple", "Cherry"]),
        ImageWidth = 8,
        ImageHeight = 8,
        TokenCount = 4,
        CodebookSize = 16,
        ClusterCount = 4,
        ClusterOfToken = [.. Enumerable.Range(0, 16).Select(token => token % 4)],
        HasFineStage = true,
        DefaultCoarse = new SamplingSettings(Temperature: 1.1f, GuidanceScale: 2),
        DefaultFine = new SamplingSettings(TopK: 3),
        BundleHash = new string('a', 64),
    };

    /// <summary>The same model with another name and hash, and with the classes in reverse order.</summary>
    public static ModelDescription OtherFruits { get; } = Fruits with
    {
        Name = "other-fruits-fake",
        Classes = new ClassCatalog(["Cherry", "pineapple", "red apple", "banana", "apple"]),
        BundleHash = new string('b', 64),
    };
}
