using CtfService.Core.Models;

namespace CtfService.Inference.Routing;

/// <summary>Source of the model of an instance.</summary>
/// <param name="Bundle">Name of the bundle, as operators know it.</param>
/// <param name="Factory">Loads the model, on the thread of the instance.</param>
public sealed record ModelOrigin(string Bundle, IImageGeneratorFactory Factory);
