namespace CtfService.Api.Contracts;

/// <summary>Something in a request that was understood and done otherwise, or not at all.</summary>
/// <param name="Param">The field.</param>
/// <param name="Message">What was done in place of it.</param>
public sealed record RequestWarning(string Param, string Message);
