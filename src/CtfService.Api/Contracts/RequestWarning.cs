namespace CtfService.Api.Contracts;

/// <summary>A field that had no effect, or that was interpreted.</summary>
/// <param name="Param">Name of the field.</param>
/// <param name="Message">For people: what the service did instead.</param>
public sealed record RequestWarning(string Param, string Message);
