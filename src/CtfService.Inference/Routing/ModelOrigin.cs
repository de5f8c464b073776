using CtfService.Core.Models;

namespace CtfService.Inference.Routing;

/// <summary>Where an instance's model comes from.</summary>
/// <param name="Bundle">What operators call it.</param>
/// <param name="Factory">Loads it, on the instance's own thread.</param>
public sealed record ModelOrigin(string Bundle, IImageGeneratorFactory Factory);
