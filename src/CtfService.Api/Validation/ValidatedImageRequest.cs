using CtfService.Api.Contracts;
using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Api.Validation;

/// <summary>A request that has passed both gates: every value is there and in range.</summary>
/// <param name="Model">The model it was checked against.</param>
/// <param name="Class">What to draw; null for a variation that goes by its layout alone.</param>
/// <param name="Seed">The request's seed; each image has its own.</param>
/// <param name="Submission">What goes into the queue.</param>
/// <param name="AskedFormat">Null where the caller did not say.</param>
/// <param name="Quality">Of JPEG and WebP, 0..100.</param>
internal sealed record ValidatedImageRequest(
    ModelDescription Model,
    ClassLabel? Class,
    ulong Seed,
    ImageSubmission Submission,
    ImageFormat? AskedFormat,
    int Quality)
{
    /// <summary>True where the caller chose the seed: asked again, the answer is the same.</summary>
    public required bool IsRepeatable { get; init; }

    /// <summary>One specification per image, in order.</summary>
    public IReadOnlyList<ImageSpecification> Images => Submission.Images;

    /// <summary>Pixels of every picture of the response, bytes.</summary>
    public long PictureBytes => 3L * Model.ImageWidth * Model.ImageHeight * Images.Count * (1 + Submission.Previews);

    /// <summary>What to answer beside the images.</summary>
    public required Inclusion Include { get; init; }

    /// <summary>Whether JSON carries each image as a data URL too.</summary>
    public bool HasLinks { get; init; }

    /// <summary>What was asked for and not done, or understood otherwise.</summary>
    public IReadOnlyList<RequestWarning> Warnings { get; init; } = [];

    /// <summary>Whether the response is a stream of events.</summary>
    public bool IsStream { get; init; }
}
