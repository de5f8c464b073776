namespace CtfService.Core.Models;

/// <summary>The device that the settings name is not there.</summary>
public sealed class DeviceUnavailableException(string message) : Exception(message);
