from django.urls import path

from hibernation import views

urlpatterns = [
    path("", views.sleep, name="sleep"),
    path("now", views.now, name="sleep-now"),
    path("hibernate", views.hibernate, name="hibernate"),
    path("wake", views.wake, name="wake"),
    path("is-awake", views.is_awake, name="is-awake"),
    path("tell-me", views.tell_me, name="tell-me"),
]
