namespace CtfService.Inference.Routing;

/// <summary>What a host does between the load of its first model and its readiness, because the first request compiles the code that it passes.</summary>
public interface IRequestWarmUp
{
    /// <summary>Sends requests to the loaded model; returns after a limited time and never throws.</summary>
    Task RunAsync();
}
