namespace CtfService.Core.Models;

/// <summary>The device that the settings name is not there, or the libraries that compute on it do not load.</summary>
public sealed class DeviceUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
