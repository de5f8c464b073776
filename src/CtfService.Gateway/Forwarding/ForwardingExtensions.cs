namespace CtfService.Gateway.Forwarding;

/// <summary>Registers the forwarder and sends every other request to it.</summary>
internal static class ForwardingExtensions
{
    public static void AddForwarding(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.AddSingleton<Forwarder>();
    }

    public static void MapForwarding(this WebApplication app)
    {
        var forwarder = app.Services.GetRequiredService<Forwarder>();
        app.Map("/{**path}", forwarder.ForwardAsync);
    }
}
