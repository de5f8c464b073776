using CtfService.Core.Generation;

namespace CtfService.Inference.Lanes;

/// <summary>Where a lane's model comes from.</summary>
/// <param name="Bundle">What operators call it.</param>
/// <param name="Factory">Loads it, on the lane's own thread.</param>
public sealed record ModelOrigin(string Bundle, IImageGeneratorFactory Factory);
