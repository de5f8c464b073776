using System.Text.Json.Nodes;
using CtfService.Core.Generation;

namespace CtfService.Training.Experiments;

/// <summary>Says how good generated images are.</summary>
internal interface ISampleJudge
{
    /// <returns>Figures by name.</returns>
    JsonObject Measure(IReadOnlyList<GeneratedImage> images, CancellationToken cancellation);
}
