namespace CtfService.Core.Models;

/// <summary>Another model is being loaded; the message says which.</summary>
public sealed class SwitchInProgressException(string message) : Exception(message);
